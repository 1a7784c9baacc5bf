"""Long work in processes of their own: training, evaluation, and reading what others sent."""
