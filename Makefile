# preview: build, try, test, install. `make` alone lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
DESTDIR ?=
# The example that `make demo` runs: any folder of examples/.
EXAMPLE ?= flask
# More words for `swift test`, such as --filter CrashTests.
TEST_FLAGS ?=

# Every Debian package that anything here needs is named in this block and nowhere else.
# What Swift itself and the system libraries behind CCurl, CLibYAML and CCrypto need to build.
BUILD_PACKAGES := git ca-certificates binutils pkg-config libc6-dev libgcc-12-dev \
	libstdc++-12-dev libncurses6 libsqlite3-0 libxml2 \
	libcurl4-openssl-dev libyaml-dev libssl-dev libtomlplusplus-dev
# What `make demo` and the examples' apps need besides: curl fetches the page.
DEMO_PACKAGES := curl python3 python3-venv
# The runtimes of the other examples. Where npm is there already, it came with its own node.
RUNTIME_PACKAGES := golang-go php-cli ruby ruby-webrick \
	$(if $(shell command -v npm),,nodejs npm)
# The independent judges in the tests: a JSON Schema validator, a YAML reader, fault injection; the
# userland of small images; a database server that the tests start for themselves, with a pooler.
TEST_PACKAGES := python3-jsonschema python3-yaml strace time busybox-static \
	postgresql libpq5 pgbouncer
LINT_PACKAGES := shellcheck
# The browser in which the page is tried, where it is wanted; the last two are for its pictures.
BROWSER_PACKAGES := chromium python3-venv fonts-dejavu-core fonts-noto-color-emoji pngquant

DEBUG := .build/debug/preview
RELEASE := .build/release/preview
SHELL_SCRIPTS = $(shell git ls-files | xargs -r grep -lE '^\#!/(bin/sh|usr/bin/env (ba)?sh|bin/bash)')

.PHONY: help packages build release demo demo-fly demo-destroy test browser lint bench install uninstall clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

packages: ## install the Debian packages for building, the demo and the tests
	@.ci/packages $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(RUNTIME_PACKAGES) $(TEST_PACKAGES) \
		$(LINT_PACKAGES)

build: ## build .build/debug/preview and the server beside it
	@.ci/packages $(BUILD_PACKAGES)
	swift build --product preview
	swift build --product preview-server

release: ## build both programs in .build/release with the Swift runtime inside
	@.ci/packages $(BUILD_PACKAGES)
	swift build -c release --static-swift-stdlib --product preview
	swift build -c release --static-swift-stdlib --product preview-server

demo: ## plan and apply an example on this machine (EXAMPLE=flask), fetch it, leave it running
	@.ci/packages $(BUILD_PACKAGES) $(DEMO_PACKAGES)
	swift build --product preview
	@.ci/demo $(DEBUG) examples/$(EXAMPLE)

demo-fly: ## the whole story on a simulated Fly.io, without an account
	@.ci/packages $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(RUNTIME_PACKAGES)
	swift build --product preview
	swift build --product preview-flysim
	@.ci/demo-fly $(DEBUG) .build/debug/preview-flysim examples/node

demo-destroy: ## take the demo away again
	$(DEBUG) destroy --yes -C examples/$(EXAMPLE)

test: ## all tests
	@.ci/packages $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(RUNTIME_PACKAGES) $(TEST_PACKAGES)
	@.ci/stores
	@.ci/terraform
	swift build --build-tests
	@.ci/test $(TEST_FLAGS)

browser: ## install a browser and its driver, so that `make test` tries the page as well
	@.ci/packages $(BROWSER_PACKAGES)
	@.ci/browser

lint: ## check formatting and shell scripts
	@.ci/packages $(LINT_PACKAGES)
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	shellcheck $(SHELL_SCRIPTS)

bench: release ## measure the release build, its server and its stores; writes Tests/Benchmarks/RESULTS*.md
	@.ci/packages $(DEMO_PACKAGES) $(TEST_PACKAGES)
	@.ci/stores
	Tests/Benchmarks/bench $(RELEASE)
	Tests/Benchmarks/serve $(RELEASE)
	Tests/Benchmarks/stores $(RELEASE)

install: release ## install into PREFIX (/usr/local), with completions
	install -D -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/preview
	install -D -m 755 $(RELEASE)-server $(DESTDIR)$(PREFIX)/bin/preview-server
	strip $(DESTDIR)$(PREFIX)/bin/preview $(DESTDIR)$(PREFIX)/bin/preview-server
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(RELEASE) completions bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/preview
	$(RELEASE) completions zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_preview
	$(RELEASE) completions fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/preview.fish

uninstall: ## remove what install wrote
	rm -f $(DESTDIR)$(PREFIX)/bin/preview $(DESTDIR)$(PREFIX)/bin/preview-server \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/preview \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_preview \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/preview.fish

clean: ## remove what was built; running previews are not touched
	rm -rf .build
