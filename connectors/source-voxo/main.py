from source_voxo.run import run

if __name__ == "__main__":
    run()
