from source_bics.run import run

if __name__ == "__main__":
    run()
