"""What molecule's scenarios are verified with: one folder for each run of the tests.

They stand here and not in the scenarios' folders because they share the lab's live sessions and
must be importable; each `molecule.yml` leads here. `picture.py` runs on the hosts before and after
each step, and the plays keep what it prints (`extensions/molecule/shared/tasks/keep.yml`), so that
tests compare whole hosts instead of single files.
"""
