from model.files.home import ensure_home

ensure_home()  # Numba keeps there what it compiles, where the project's own folder cannot be written
