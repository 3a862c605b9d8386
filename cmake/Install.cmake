# `cmake --install` gives the command, the headers, the libraries and find_package(liftmark).
include(CMakePackageConfigHelpers)

set(installed_libraries liftmark_stats liftmark_assign liftmark_definition liftmark_c)
install(TARGETS ${installed_libraries} EXPORT liftmark-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(folder stats assign engine/definition)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/liftmark/${folder}
    FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(EXPORT liftmark-targets NAMESPACE liftmark:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/liftmark)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/liftmark-config.cmake.in
  ${PROJECT_BINARY_DIR}/liftmark-config.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/liftmark)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/liftmark-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/liftmark-config.cmake ${PROJECT_BINARY_DIR}/liftmark-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/liftmark)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/liftmark.service DESTINATION ${CMAKE_INSTALL_LIBDIR}/systemd/system)
