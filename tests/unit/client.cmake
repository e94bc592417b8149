# The client, without a server.
foreach(module IN ITEMS arguments board completion files json picture pin print profile renewal tls watch_place)
    add_cmocka_test(client_${module}_test LABEL unit LIBRARIES safer_client)
endforeach()
