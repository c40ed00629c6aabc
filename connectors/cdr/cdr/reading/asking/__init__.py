"""Pages asked for: in the form that this server takes, in order or in parallel, with its clock found out first."""
