add_cmocka_test(authority_test LABEL unit LIBRARIES safer_server)
foreach(module IN ITEMS devices enrolment)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_server_fixture)
endforeach()
