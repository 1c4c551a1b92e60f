// The settings of a destination's kind, which only that kind can look into: everyone else keeps, copies and compares
// them. Immutable; cheap to copy; any thread.
#pragma once

#include <memory>
#include <utility>

#include "base/check.h"

namespace sluice::catalog {

class KindSettings {
 public:
  // Of no kind: of a destination that could not be read.
  KindSettings() = default;
  // `Settings` compares with ==.
  template <typename Settings>
  static KindSettings of(Settings settings) {
    return KindSettings(std::make_shared<const Held<Settings>>(std::move(settings)));
  }

  // Only as what they are: ends the process otherwise.
  template <typename Settings>
  const Settings& as() const {
    const auto* held = dynamic_cast<const Held<Settings>*>(holder_.get());
    SLUICE_CHECK(held != nullptr, "settings are read by their own kind");
    return held->settings;
  }

  bool operator==(const KindSettings& other) const {
    return holder_ == other.holder_ || (holder_ && other.holder_ && holder_->equals(*other.holder_));
  }

 private:
  struct Holder {
    Holder() = default;
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    virtual ~Holder() = default;
    virtual bool equals(const Holder& other) const = 0;
  };
  template <typename Settings>
  struct Held final : Holder {
    explicit Held(Settings value) : settings(std::move(value)) {}
    bool equals(const Holder& other) const override {
      const auto* held = dynamic_cast<const Held*>(&other);
      return held != nullptr && held->settings == settings;
    }
    const Settings settings;
  };
  explicit KindSettings(std::shared_ptr<const Holder> holder) : holder_(std::move(holder)) {}

  std::shared_ptr<const Holder> holder_;
};

}  // namespace sluice::catalog
