"""`python -m benchmarks`. Worker processes import this file anew, so it imports nothing that they do not need."""

if __name__ == "__main__":
    from benchmarks.run import main

    main()
