"""What both engines train with: tasks, metrics, gradients, schedules."""
