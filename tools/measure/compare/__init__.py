"""The modules beside the tasks that people write by hand: the same inputs, the same faults."""
