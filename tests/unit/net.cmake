# The life of the server and its wire.
foreach(module IN ITEMS settings refusals)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_server)
endforeach()
add_cmocka_test(worker_test LABEL unit LIBRARIES safer_server_fixture PkgConfig::libevent_core PkgConfig::sqlite3
    Threads::Threads)
foreach(module IN ITEMS connection gate)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_wire)
endforeach()
