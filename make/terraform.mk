##@ Terraform (on the sandbox; on your AWS account with LAKEHOUSE_TARGET=aws)

ENVIRONMENTS := dev
# $(call each,plan) is plan-dev and so on.
each = $(addprefix $(1)-,$(ENVIRONMENTS))

.PHONY: archives validate init-remote-state destroy-remote-state
.PHONY: $(foreach verb,init plan apply check output state-list destroy,$(call each,$(verb)))

archives: $(INSTALLED) ## build the Lambda archives into dist/, byte for byte reproducible
	@$(WORKSHOP) archives

validate: $(INSTALLED) ## terraform validate and terraform test, every root and module
	@$(WORKSHOP) terraform validate

init-remote-state: $(INSTALLED) ## create the bucket, key and lock that keep Terraform's state
	@$(WORKSHOP) terraform apply remote-state

destroy-remote-state: $(INSTALLED) ## delete the state bucket and its key (asks first)
	@$(WORKSHOP) terraform destroy remote-state

#: init-<env>            connect the environment to its remote state
$(call each,init): init-%: $(INSTALLED)
	@$(WORKSHOP) terraform init $*

#: plan-<env>            show what would change
$(call each,plan): plan-%: $(INSTALLED)
	@$(WORKSHOP) terraform plan $*

#: apply-<env>           build the archives, show the plan, ask, apply
$(call each,apply): apply-%: $(INSTALLED)
	@$(WORKSHOP) terraform apply $*

#: check-<env>           drift: exit 0 if the world is as declared, 2 if not
$(call each,check): check-%: $(INSTALLED)
	@$(WORKSHOP) terraform check $*

#: output-<env>          the environment's outputs as JSON
$(call each,output): output-%: $(INSTALLED)
	@$(WORKSHOP) terraform output $*

#: state-list-<env>      the resources that Terraform manages
$(call each,state-list): state-list-%: $(INSTALLED)
	@$(WORKSHOP) terraform state-list $*

#: destroy-<env>         delete the environment (asks first)
$(call each,destroy): destroy-%: $(INSTALLED)
	@$(WORKSHOP) terraform destroy $*
