# Two commands matter: `make demo` and `make test`. Each does all the set-up it needs on Debian 12
# or Ubuntu with Rust installed.

CARGO ?= cargo
BIN := target/release

.PHONY: demo test setup build models lint deny bench cabin train train-short yocto-lint yocto-check install uninstall deb sbom size cross-aarch64 system-test help

help:
	@echo "make demo    build, obtain the models, and show carvoice at work"
	@echo "make test    build, obtain the models, and run every test"
	@echo "make cabin   speech through sound devices in a virtual cabin; wants an idle machine"
	@echo "make lint    rustfmt and clippy"
	@echo "make deny    licences and banned crates"
	@echo "make bench   latency per stage on this machine"
	@echo "make install DESTDIR= PREFIX=/usr/local SYSCONFDIR=/etc   what \`make build\` built; uninstall removes it"
	@echo "make deb     Debian packages of it, in target/deb"
	@echo "make sbom    bill of materials and licences of everything in it, in target/sbom"
	@echo "make cross-aarch64         the programs for 64-bit Arm, with Debian 12's cross compiler (root, for set-up)"
	@echo "make size    what programs and models take on a disk"
	@echo "make system-test   the installed service under a real systemd (root, five minutes at most)"
	@echo "make yocto-lint            checks the Yocto layer"
	@echo "make yocto-check OE=DIR    resolves its image with a real BitBake; nothing is built"
	@echo "make train   train the language model's adapter (hours; train-short: two minutes, changes nothing)"

setup:
	@sh scripts/setup.sh

build: setup
	$(CARGO) build --release --workspace --bins --locked

models: build
	$(BIN)/carvoice models fetch

demo: models
	$(BIN)/carvoice demo

test: models
	$(CARGO) test --release --workspace --locked --lib --bins --tests --no-fail-fast
	$(CARGO) test --release --workspace --locked --doc
	sh yocto/lint.sh

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets --locked -- -D warnings

deny:
	@command -v cargo-deny >/dev/null || $(CARGO) install --debug --locked cargo-deny
	$(CARGO) deny --locked check bans licenses sources

bench: models
	$(BIN)/carvoice bench

cabin: models
	$(CARGO) test --release --workspace --locked --test cabin -- --nocapture --test-threads=1

# These need no set-up of the machine that they install on, nor a compiler there.
install uninstall:
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" SYSCONFDIR="$(SYSCONFDIR)" BIN="$(BIN)" sh scripts/install.sh $@

deb: models
	sh scripts/deb.sh

sbom:
	python3 scripts/sbom.py

cross-aarch64:
	sh scripts/cross-aarch64.sh

size: build
	python3 scripts/size.py $(BIN)

system-test: deb
	bash scripts/system-test.sh

train: models
	@sh scripts/setup.sh train
	sh scripts/train.sh

train-short: models
	@sh scripts/setup.sh train
	sh scripts/train.sh short

yocto-lint: setup
	sh yocto/lint.sh

yocto-check:
	sh yocto/check.sh
