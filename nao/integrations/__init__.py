"""nao inside other programs; import the module of the one you use."""
