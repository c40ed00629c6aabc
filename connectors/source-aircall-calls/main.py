from source_aircall_calls.run import run

if __name__ == "__main__":
    run()
