from source_vonage_business.run import run

if __name__ == "__main__":
    run()
