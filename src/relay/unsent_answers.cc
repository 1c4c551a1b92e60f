#include "relay/unsent_answers.h"

namespace sluice::relay {

std::shared_ptr<const void> UnsentAnswers::hold(const PlaceOwner& owner, std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (!share_.may_take(owner, bytes)) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    share_.take(owner, bytes);
  }
  return {static_cast<const void*>(this), [answers = shared_from_this(), owner, bytes](const void*) {
            const std::lock_guard lock(answers->mutex_);
            answers->share_.give_back(owner, bytes);
          }};
}

std::uint64_t UnsentAnswers::bytes() const {
  const std::lock_guard lock(mutex_);
  return share_.used();
}

}  // namespace sluice::relay
