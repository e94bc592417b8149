add_cmocka_test(authority_test LABEL unit LIBRARIES safer_server)
foreach(module IN ITEMS devices enrolment founding key_files)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_server_fixture)
endforeach()
