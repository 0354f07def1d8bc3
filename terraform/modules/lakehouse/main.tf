# The whole lake of one environment, wired once; what differs between environments are its variables.

module "data_lake" {
  source = "../data_lake"

  environment                 = var.environment
  retention_days              = var.retention_days
  force_destroy               = var.force_destroy
  kms_deletion_window_in_days = var.kms_deletion_window_in_days
}
