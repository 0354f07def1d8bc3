##@ Sandbox (the local AWS)

.PHONY: sandbox-up sandbox-down sandbox-reset status
sandbox-up: $(INSTALLED) ## start the sandbox (idempotent; state is kept)
	@$(WORKSHOP) sandbox-up

sandbox-down: $(INSTALLED) ## stop the sandbox, keep its state
	@$(WORKSHOP) sandbox-down

sandbox-reset: $(INSTALLED) ## stop the sandbox and wipe its state
	@$(WORKSHOP) sandbox-reset

status: $(INSTALLED) ## what runs, where, and how far the course is
	@$(WORKSHOP) status
