from source_ringcentral_calls.run import run

if __name__ == "__main__":
    run()
