add_cmocka_test(store_test LABEL unit LIBRARIES safer_server PkgConfig::sqlite3)
add_cmocka_test(store_identity_test LABEL unit LIBRARIES safer_server PkgConfig::sqlite3)
add_cmocka_test(journal_test LABEL unit LIBRARIES safer_server PkgConfig::sqlite3)
add_cmocka_test(journal_check_test LABEL unit LIBRARIES safer_server PkgConfig::sqlite3 TIMEOUT 300)
