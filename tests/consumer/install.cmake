# cmake -DBUILD_DIR=… -DPREFIX=… -P install.cmake: installs the finished build into an empty PREFIX. A file that is no longer
# installed must not be found because an earlier run left it there.
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${PREFIX} COMMAND_ERROR_IS_FATAL ANY)
