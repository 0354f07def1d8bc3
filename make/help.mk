.PHONY: help
help: ## list the commands
	@awk 'BEGIN { FS = ":.*## "; print "usage: make <command>" } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^#: / { printf "  %s\n", substr($$0, 4) } \
		/^[a-zA-Z0-9_.-]+:.*## / { printf "  %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nThe same as `workshop <command>` once the environment is active; `workshop --help` has their options.\n'
