# Install rules: the libraries, their public headers below include/ito, and a package that
# `find_package(ito COMPONENTS autograd nn diffusion)` finds.
include(CMakePackageConfigHelpers)
set(ito_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ito)

install(TARGETS ito_autograd ito_nn ito_diffusion EXPORT ito-targets)
# Kernels and the engine are details of autograd: they may change in any release.
install(DIRECTORY autograd nn diffusion DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ito
  FILES_MATCHING PATTERN *.h
  PATTERN kernels EXCLUDE
  PATTERN graph/engine.h EXCLUDE)

install(EXPORT ito-targets NAMESPACE ito:: DESTINATION ${ito_package_dir})
configure_package_config_file(cmake/itoConfig.cmake.in ${PROJECT_BINARY_DIR}/itoConfig.cmake
  INSTALL_DESTINATION ${ito_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/itoConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/itoConfig.cmake
  ${PROJECT_BINARY_DIR}/itoConfigVersion.cmake
  cmake/FindOpenBLAS.cmake
  DESTINATION ${ito_package_dir})
