# How every target of this repository is made: language level, warnings, instrumentation, names.

# Options for our own code. Of them the language level, and the instrumentation's link options, also
# reach targets that link to Ito.
function(ito_configure_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 warns about `"text" + std::string` inside libstdc++ itself (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(ITO_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(ITO_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${ITO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    # PUBLIC: whoever links the archive needs the run-time library as well.
    target_link_options(${target} PUBLIC -fsanitize=${ITO_SANITIZE})
  endif()
  if(ITO_COVERAGE)
    # Atomic counters: the thread pool runs the same lines from several threads.
    target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

# Appends to `result` the sources below the current folder that match `pattern`.
# Globbed on purpose: a file in a folder is part of its target, so the tree alone shows the
# architecture, and CONFIGURE_DEPENDS notices a new or removed file at the next build.
function(ito_glob result pattern)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${pattern})
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# Library `ito::<name>` from every .cpp below the current folder.
function(ito_add_library name)
  set(target ito_${name})
  ito_glob(sources *.cpp)
  add_library(${target} ${sources})
  add_library(ito::${name} ALIAS ${target})
  ito_configure_target(${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ito>)
endfunction()
