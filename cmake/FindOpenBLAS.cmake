# Finds OpenBLAS itself (cblas.h and libopenblas, never the generic libblas alternative, which may
# be the slow reference BLAS) and defines OpenBLAS::OpenBLAS. Installed beside itoConfig.cmake, so
# that a static ito::autograd can name the same target on the user's machine.

# A package configuration file or pkg-config, where there is one, says where to look first.
find_package(OpenBLAS CONFIG QUIET)
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_OpenBLAS QUIET openblas)
endif()
set(openblas_library_hints ${PC_OpenBLAS_LIBRARY_DIRS})
foreach(library IN LISTS OpenBLAS_LIBRARIES)
  cmake_path(GET library PARENT_PATH directory)
  list(PREPEND openblas_library_hints ${directory})
endforeach()

find_path(OpenBLAS_INCLUDE_DIR cblas.h
  HINTS ${OpenBLAS_INCLUDE_DIRS} ${PC_OpenBLAS_INCLUDE_DIRS}
  PATH_SUFFIXES openblas-pthread openblas)
find_library(OpenBLAS_LIBRARY openblas
  HINTS ${openblas_library_hints}
  PATH_SUFFIXES openblas-pthread openblas)
mark_as_advanced(OpenBLAS_INCLUDE_DIR OpenBLAS_LIBRARY)
unset(openblas_library_hints)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenBLAS REQUIRED_VARS OpenBLAS_LIBRARY OpenBLAS_INCLUDE_DIR)

if(OpenBLAS_FOUND AND NOT TARGET OpenBLAS::OpenBLAS)
  add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
  set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
    IMPORTED_LOCATION ${OpenBLAS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${OpenBLAS_INCLUDE_DIR})
endif()
