"""The supervised pool of children: who is alive, what each does, and when it is killed."""
