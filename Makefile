# One command each; every one sets up .venv from the lock first.
PYTHON ?= python3
LOCK := constraints.txt
BIN := .venv/bin

.PHONY: train serve test test-long coverage torture torture-deployment test-postgres check benchmark-quality benchmark-evidence benchmark-reasons benchmark-scoring benchmark-scale benchmark-start-up benchmark-campaign agreement lock clean help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 22

.venv/.ready: pyproject.toml $(LOCK)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-compile -c $(LOCK) setuptools wheel
	$(BIN)/pip install --quiet --no-compile -c $(LOCK) --no-build-isolation -e ".[train,dask,dev]"
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true  # as pip does, on every core; some is for other Pythons
	@touch $@

train: .venv/.ready  ## Train, evaluate and promote a champion (simulated customers unless EXTRACT=path)
	$(BIN)/python flows/train_flow.py $(if $(EXTRACT),--extract "$(EXTRACT)")

serve: .venv/.ready  ## Run server, schedules and worker on this machine until Ctrl-C
	@PATH="$(CURDIR)/$(BIN):$$PATH"; . deployments/env.sh; exec python deployments/serve.py

test: .venv/.ready  ## Run the test suite, with a sample of the long tests
	$(BIN)/python -m pytest -m "not long" -n 4 --dist loadgroup --durations=15  # two cores: servers mostly wait

test-long: .venv/.ready  ## Run the tests that `make test` only samples (twenty minutes)
	$(BIN)/python -m pytest -m long -n 4 --dist loadgroup --durations=15

# What numba compiles cannot be measured. The encoder's own tests run again with it left as Python; the
# readers' scanners do not run so, since numpy warns of sums that overflow, as theirs may.
coverage: .venv/.ready  ## Measure branch coverage of the modules that determine scores (six minutes)
	$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report= tests/core tests/schemas tests/contract
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --cov --cov-append --cov-report= tests/core/bundle/test_encoder.py
	$(BIN)/python tests/covered.py

torture: .venv/.ready  ## Run all fault-injection tests (hours; SCALE=0.1 for a tenth; needs strace)
	$(BIN)/pip install --quiet -c $(LOCK) -e ".[torture]" --no-build-isolation
	$(BIN)/python -m tests.torture.run --report docs/benchmarks $(if $(SCALE),--scale $(SCALE)) $(if $(ONLY),--only $(ONLY))

torture-deployment: .venv/.ready  ## Kill the worker and machine of a night, and time the recovery (ten minutes)
	$(BIN)/python -m pytest tests/torture/dead_runner.py -s

test-postgres: .venv/.ready  ## Run a scheduled night on PostgreSQL (needs its server: Debian's package postgresql; two minutes)
	$(BIN)/python -m pytest tests/torture/postgres.py

check: .venv/.ready  ## Lint, types, import rules, spelling and banned phrases
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python tests/vocabulary.py

benchmark-quality: .venv/.ready  ## Compare the default model with its peers on the real extract (two hours)
	$(BIN)/pip install --quiet -c $(LOCK) -e ".[benchmark]" --no-build-isolation
	$(BIN)/python -m tests.benchmarks.quality --report docs/benchmarks $(if $(EXTRACT),--extract "$(EXTRACT)") \
		$(if $(SEEDS),--seeds "$(SEEDS)") $(if $(MODELS),--models "$(MODELS)")

benchmark-evidence: .venv/.ready  ## Simulate the interval of the evidence, and count its verdicts (two hours)
	for study in regressions recipe power; do \
		$(BIN)/python -m tests.benchmarks.evidence $$study $(if $(EXTRACT),--extract "$(EXTRACT)") || exit; \
	done

benchmark-reasons: .venv/.ready  ## Compare the reasons with the teacher's exact Shapley values, and time them (15 minutes)
	$(BIN)/python -m tests.benchmarks.reasons --report docs/benchmarks $(if $(EXTRACT),--extract "$(EXTRACT)")

benchmark-scoring: .venv/.ready  ## Benchmark the scoring engine against the usual pipelines (half an hour, 20 GB of disk; EXTRACT=path resamples it)
	$(BIN)/pip install --quiet -c $(LOCK) -e ".[benchmark]" --no-build-isolation
	$(BIN)/python -m tests.benchmarks.scoring --report docs/benchmarks $(if $(MILLIONS),--millions "$(MILLIONS)") \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(EXTRACT),--extract "$(EXTRACT)")

benchmark-scale: .venv/.ready  ## Measure what a cluster's size depends on (ten minutes, 5 GB of disk; EXTRACT=path resamples it)
	$(BIN)/python -m tests.benchmarks.scale $(if $(MILLIONS),--millions "$(MILLIONS)") \
		$(if $(EXTRACT),--extract "$(EXTRACT)")

benchmark-campaign: .venv/.ready  ## Time a campaign against the scoring before it (HOME_OF=home with a champion; EXTRACT=path; five minutes)
	$(BIN)/python -m tests.benchmarks.campaign --home "$(HOME_OF)" --out var/benchmarks $(if $(EXTRACT),--extract "$(EXTRACT)")

benchmark-start-up: .venv/.ready  ## Time the whole scoring command against an empty Prefect flow (ten minutes)
	$(BIN)/python -m tests.benchmarks.start_up --report docs/benchmarks $(if $(EXTRACT),--extract "$(EXTRACT)") \
		$(if $(AGAINST),--against "$(AGAINST)") $(if $(ROUNDS),--rounds $(ROUNDS))

agreement: .venv/.ready  ## Compare the two ways of reading on a million fuzzed customers (three minutes)
	$(BIN)/python -m tests.oracles.agreement

lock:  ## Update constraints.txt from pyproject.toml
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet pip-tools
	.venv-lock/bin/pip-compile --quiet --upgrade --all-extras --allow-unsafe --strip-extras --no-annotate \
		--no-header --no-emit-index-url --no-emit-find-links --output-file $(LOCK) pyproject.toml
	sed -i 's/+cpu$$//' $(LOCK)
	rm -rf .venv-lock

clean:  ## Remove the environment and caches (never var/)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
