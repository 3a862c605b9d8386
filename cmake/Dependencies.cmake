# Every third-party library, by its Debian package; scripts/packages lists the same names for apt-get.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)          # libboost1.81-dev: Math, Accumulators, Beast
find_package(SQLite3 REQUIRED)             # libsqlite3-dev
find_package(fmt REQUIRED)                 # libfmt-dev
find_package(simdjson REQUIRED)            # libsimdjson-dev
find_package(OpenSSL REQUIRED)             # libssl-dev
find_package(ZLIB REQUIRED)                # zlib1g-dev
find_package(CURL REQUIRED)                # libcurl4-openssl-dev
find_package(PkgConfig REQUIRED)           # pkg-config
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)    # libzstd-dev
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash) # libxxhash-dev
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)          # libre2-dev
find_package(nlohmann_json REQUIRED)        # nlohmann-json3-dev
find_package(CLI11 REQUIRED)                # libcli11-dev
