// Any thread.
#pragma once

#include <utility>

namespace sluice {

// `object` as new, and the memory of what it was freed: a string to which an empty one is assigned keeps its buffer, so
// that an object that lives long would hold the largest that it ever had.
template <class T>
void dispose(T& object) {
  const T old = std::exchange(object, T());
}

}  // namespace sluice
