"""What each mode of launch.py does: `run(request)` of the module of its name."""
