# The front door: `make demo` shows it working, `make test` shows it correct. Both set up all they need.
.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-training test-extended \
	program install deb deb-arm64 library library-deb wheel format lint clean

SWIFT_BUILD := swift build -c release
BINARY := .build/release/roadseg
# A program that is installed carries the Swift runtime in it.
PROGRAM := .build/static/release/roadseg
PREFIX ?= /usr/local
COMMIT = $$(git describe --always --dirty --exclude '*' 2>/dev/null)
# Pictures, peers and the camera guest that some tests use when they lie beside the checkout.
export ROADSEG_SHARED ?= $(abspath ../shared)

help: ## Lists what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: ## Installs the system packages that are missing (as root or with sudo)
	@.ci/setup

build: setup ## Builds the release binary, commit in --version
	ROADSEG_COMMIT=$(COMMIT) $(SWIFT_BUILD) --product roadseg

demo: build ## Road masks from the camera, or from a computed road when there is none: 300 frames, overlays in out/demo
	@if $(BINARY) cameras --json | grep -q '"device"'; then $(BINARY) live --frames 300 --output out/demo; \
	else echo "No camera that can be opened: this is a computed road."; \
	  $(BINARY) live synthetic --frames 300 --output out/demo; fi
	@echo "Overlays: out/demo"

test: ## Every test, in release (kernels are only themselves when optimised)
	@.ci/setup test
	@.ci/run-tests

test-training: ## Tests of the training package alone
	@.ci/setup test
	@Tests/check-training

test-extended: ## What takes long: bare machines, packages, fuzzing, soaks (as root; hours). NAMES="..." for some
	@Tests/extended $(NAMES)

program: setup ## Builds the program to install: static Swift runtime, commit in --version
	options=$$(Packaging/stand-ins .build/stand-ins) && ROADSEG_STAND_INS=$$PWD/.build/stand-ins/stand-ins.o \
	  ROADSEG_COMMIT=$(COMMIT) \
	  $(SWIFT_BUILD) --product roadseg --static-swift-stdlib --disable-local-rpath --scratch-path .build/static $$options

install: ## Installs program, models, man pages, completions, services, profiles (PREFIX, DESTDIR; `make program` first)
	@[ -x $(PROGRAM) ] || $(MAKE) program
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" Packaging/install $(PROGRAM)
	@echo "Installed below $(DESTDIR)$(PREFIX)"

deb: program ## A Debian package and a tarball of this machine's architecture, in out/
	@Packaging/make-deb $(PROGRAM) $$(dpkg --print-architecture) out

deb-arm64: build ## The same for arm64, cross-built (as root; fetches a toolchain of 800 MB once)
	@Packaging/cross-deb out

library: setup ## The C library with header and pkg-config file, in out/library (PREFIX for roadseg.pc)
	@PREFIX="$(PREFIX)" Packaging/make-library out/library
	@echo "Library: out/library"

library-deb: setup ## The C library as Debian packages libroadseg0 and libroadseg-dev, in out/
	@Packaging/make-library-deb out

wheel: program ## A Python wheel with library, program and models, in out/
	@Packaging/make-wheel out

format: ## Formats all Swift sources
	swift format -i -r Sources Tests Package.swift

lint: ## Fails on any line that `make format` would change
	swift format lint -r --strict Sources Tests Package.swift

clean: ## Removes what was built
	rm -rf .build out
