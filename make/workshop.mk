##@ Workshop

.PHONY: workshop
workshop: $(INSTALLED) ## run every notebook headless on the sandbox, with a report at the end
	@$(WORKSHOP) run

.PHONY: lab
lab: $(INSTALLED) ## open JupyterLab on the notebooks, with the sandbox running
	@$(WORKSHOP) lab
