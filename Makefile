# Everything that one does with the book; `make` alone lists it.

PYTHON ?= python3
RUN = .venv/bin/python
# two tests or chapters side by side, one thread each
PARALLEL = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(RUN) -m pytest -q -n 2
OURS = dlbook_utils tests tools _ext

.PHONY: help book test check lab serve zip epub text nb experiments clean setup

help:
	@echo "make book    set up, execute the chapters, build the pages in _build/html"
	@echo "make test    check everything: style, units, chapters, a strict build, a real browser"
	@echo "make check   the quick half of the tests, in about a minute"
	@echo "make lab     open the chapters in JupyterLab"
	@echo "make serve   serve the built pages on this machine"
	@echo "make zip     pack the built pages into one file that opens from disk"
	@echo "make epub    build the book as an EPUB, and check it where EPUBCheck is installed"
	@echo "make text    write the chapters as text/*.md, to edit them"
	@echo "make nb      write text/*.md back into the chapters, in normal form"
	@echo "make experiments  compute the stored results of long experiments anew"
	@echo "make clean   remove what was built, but not the environment"

book: setup
	@$(RUN) tools/book.py

# what fails cheaply comes first
test: check
	$(PARALLEL) -m slow tests --ignore=tests/browser
	$(RUN) tools/book.py --fresh
	$(PARALLEL) tests/browser
	@$(RUN) tools/editions.py epub
	@$(RUN) tools/budgets.py

check: setup
	$(RUN) -m ruff check $(OURS)
	$(RUN) -m ruff format --check $(OURS)
	$(RUN) -m codespell_lib $(OURS) chapters pages *.md
	$(PARALLEL) -m "not slow" tests --ignore=tests/browser

lab: setup
	$(RUN) -m jupyterlab --LabApp.default_url=/lab/tree/chapters

serve: book
	$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html 8000

zip: book
	@$(RUN) tools/editions.py zip

epub: setup
	@$(RUN) tools/editions.py epub

text nb: setup
	@$(RUN) tools/notebooks.py $@

experiments: setup
	@$(RUN) tools/experiments.py

clean:
	rm -rf _build .pytest_cache .ruff_cache .hypothesis

setup:
	@command -v $(PYTHON) > /dev/null || { \
		echo "There is no $(PYTHON) here. Install Python 3.11 or newer from python.org or your system's" \
			"packages, or say where it is: make book PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) tools/setup.py
