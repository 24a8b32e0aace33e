# Installs the library, its headers, the command line, and what find_package(blazedb) and pkg-config read.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/blazedb)

install(TARGETS blazedb EXPORT blazedbTargets)
install(DIRECTORY include/blazedb TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
if(TARGET blazedb_cli)
  install(TARGETS blazedb_cli)
  # Names /usr/bin/blazedb: a package puts both where they belong.
  install(FILES apps/blazedb/blazedb@.service DESTINATION lib/systemd/system)
endif()

install(EXPORT blazedbTargets NAMESPACE blazedb:: DESTINATION ${package_dir})
configure_package_config_file(cmake/blazedbConfig.cmake.in blazedbConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(blazedbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/blazedbConfig.cmake ${PROJECT_BINARY_DIR}/blazedbConfigVersion.cmake
  DESTINATION ${package_dir})

# Paths in blazedb.pc are relative to where it lies, so that the installed tree can be moved. A shared library brings what
# it needs; whoever links the archive has to name those libraries, also without `pkg-config --static`.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
set(pc_private "")
if(BUILD_SHARED_LIBS)
  set(pc_private .private)
endif()
list(JOIN blazedb_modules " " pc_modules)
configure_file(cmake/blazedb.pc.in blazedb.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/blazedb.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
