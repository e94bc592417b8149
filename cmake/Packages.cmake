# Debian packages, one a program: cpack --config build/release/CPackConfig.cmake. scripts/package builds and tries them.
foreach(package IN ITEMS saferd safer)
    install(FILES packaging/copyright CHANGELOG.md README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
        COMPONENT ${package})
endforeach()
install(FILES docs/OPERATIONS.md docs/SECURITY.md docs/PROTOCOL.md docs/SCHEMA.md
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/saferd COMPONENT saferd)
install(DIRECTORY docs/guide DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/safer COMPONENT safer)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME safer)
set(CPACK_PACKAGE_VENDOR Safer)
set(CPACK_PACKAGE_CONTACT "The maintainers of Safer <maintainers@safer.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL saferd safer)
set(CPACK_STRIP_FILES ON)
# Whatever umask it is built under.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_SAFERD_PACKAGE_NAME saferd)
set(CPACK_DEBIAN_SAFERD_PACKAGE_DEPENDS systemd)
set(CPACK_DEBIAN_SAFERD_PACKAGE_SUGGESTS safer)
set(CPACK_COMPONENT_SAFERD_DESCRIPTION "The server saferd: it
holds the plan of one partnership, its performance and its decisions, serves it
over TLS 1.3, and keeps a journal that proves that nothing was altered.")
set(CPACK_DEBIAN_SAFERD_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/postinst
    ${PROJECT_SOURCE_DIR}/packaging/prerm ${PROJECT_SOURCE_DIR}/packaging/postrm)
set(CPACK_DEBIAN_SAFER_PACKAGE_NAME safer)
set(CPACK_DEBIAN_SAFER_PACKAGE_SUGGESTS bash-completion)
set(CPACK_COMPONENT_SAFER_DESCRIPTION "The client safer: it
works on the plan, the records and the decisions of a partnership, as far as
the posts of the person allow, and checks the server's journal.")
include(CPack)
