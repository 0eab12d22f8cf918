# The collection's commands for people. Each sets up by itself what it needs on a Debian machine.

PYTHON = .venv/bin/python
export PYTHONDONTWRITEBYTECODE = 1

.DEFAULT_GOAL = help
.PHONY: help apply audit test test-quick fuzz behaviour lab-up lab-down clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# ARGS goes to ansible-playbook: make apply INVENTORY=hosts.yml ARGS='--check --diff'
apply: ## apply the role to a sandbox host and prove it; INVENTORY=hosts.yml: to your own hosts
	@sh tools/lab/bootstrap.sh $(if $(INVENTORY),remote,apply)
	@$(PYTHON) -m tools.sandbox.apply $(if $(INVENTORY),--inventory '$(INVENTORY)') -- $(ARGS)

audit: ## report what ends sessions on the sandbox host; INVENTORY=hosts.yml: on your own hosts
	@sh tools/lab/bootstrap.sh $(if $(INVENTORY),remote,apply)
	@$(PYTHON) -m tools.sandbox.audit $(if $(INVENTORY),--inventory '$(INVENTORY)') $(if $(REPORT),--report '$(REPORT)') -- $(ARGS)

test: refuse-inventory ## run every test: lint, sanity, units, molecule on hosts made here, benchmark
	@sh tools/lab/bootstrap.sh test
	@$(PYTHON) -m tools.suite

test-quick: refuse-inventory ## run lint and most units in about two minutes, without hosts
	@sh tools/lab/bootstrap.sh quick
	@$(PYTHON) -m tools.suite --quick

# COUNT=1000 for fewer cases; a failure prints the seed that brings it back
fuzz: refuse-inventory ## fuzz for some hours: 20,000 cases of each kind, all defects, faults, drills and situations
	@sh tools/lab/bootstrap.sh test
	@$(PYTHON) -m tests.search --count $(or $(COUNT),20000)
	@$(PYTHON) -m tests.search.defects
	@CURFEW_FULL=1 $(PYTHON) -B -m pytest -p no:cacheprovider tests/whole/faults
	@CURFEW_FULL=1 PATH="$(CURDIR)/.venv/bin:$$PATH" molecule test -s drills
	@CURFEW_FULL=1 $(PYTHON) -B -m pytest -p no:cacheprovider tests/whole/field

behaviour: refuse-inventory ## measure what ends sessions, on hosts made for it; writes docs/what-ends-a-session.*
	@sh tools/lab/bootstrap.sh apply
	@$(PYTHON) -m tools.measure.behaviour

lab-up: refuse-inventory ## make the test hosts and keep them; see python3 -m tools.lab --help
	@sh tools/lab/bootstrap.sh test
	@$(PYTHON) -m tools.lab up

lab-down: ## remove all hosts that were made here, the sandbox too
	@! command -v podman >/dev/null || python3 -m tools.lab down

clean: lab-down ## remove the hosts, their images, .venv and .cache
	@! command -v podman >/dev/null || python3 -m tools.lab forget
	@rm -rf .venv .cache

# Tests change hosts in every way there is: they only ever touch hosts that they made themselves.
.PHONY: refuse-inventory
refuse-inventory:
	@test -z '$(INVENTORY)' || { echo 'INVENTORY is for make apply and make audit: tests only touch hosts of their own' >&2; exit 1; }
