add_cmocka_test(docs_test LABEL unit LIBRARIES safer_server)
