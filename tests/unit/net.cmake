# The life of the server and its wire.
foreach(module IN ITEMS settings refusals rates log_quota histogram mail)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_server)
endforeach()
add_cmocka_test(errand_test LABEL unit LIBRARIES safer_server PkgConfig::libevent_core)
add_cmocka_test(worker_test LABEL unit LIBRARIES safer_server_fixture PkgConfig::libevent_core PkgConfig::sqlite3
    Threads::Threads)
add_cmocka_test(command_test LABEL unit LIBRARIES safer_server PkgConfig::sqlite3 PkgConfig::openssl PkgConfig::msgpack)
foreach(module IN ITEMS handshake connection patience listener gate watch presences bounds)
    add_cmocka_test(${module}_test LABEL unit LIBRARIES safer_wire)
endforeach()
add_cmocka_test(metrics_test LABEL unit LIBRARIES safer_wire safer_exposition)

# The unit's sandbox, as systemd itself judges it: 0 is closed, 10 is open, and 2.0 is the most that we allow.
find_program(SAFER_SYSTEMD_ANALYZE systemd-analyze REQUIRED)
mark_as_advanced(SAFER_SYSTEMD_ANALYZE)
add_test(NAME service_sandbox COMMAND ${SAFER_SYSTEMD_ANALYZE} security --offline=yes --threshold=20 --no-pager
    ${PROJECT_BINARY_DIR}/server/saferd.service)
set_tests_properties(service_sandbox PROPERTIES LABELS unit)
