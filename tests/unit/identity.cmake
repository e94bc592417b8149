add_cmocka_test(authority_test LABEL unit LIBRARIES safer_server)
