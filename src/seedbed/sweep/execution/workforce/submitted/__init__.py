"""Workers that submitit starts: jobs of Slurm's, or processes here (hydra/launcher=submitit_*)."""
