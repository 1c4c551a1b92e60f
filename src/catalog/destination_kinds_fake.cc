#include "catalog/destination_kinds_fake.h"

#include "config/field_reading.h"

namespace sluice::catalog {
namespace {

class FakeKind final : public SettingsKind {
 public:
  FakeKind(std::string_view name, CommonSettings common, bool wants_originals)
      : name_(name), common_(common), wants_originals_(wants_originals) {}
  std::string_view name() const override { return name_; }
  const CommonSettings& common() const override { return common_; }
  const std::vector<std::string>& secret_fields() const override { return secret_fields_; }
  KindReading read(config::TomlTable& table) const override {
    FakeSettings settings;
    settings.target = table.required("target", "a name", "\"lake\"");
    config::read_duration_ms(table, "linger", settings.linger_ms, 0, 60'000, "a time from 0 to 60 s", "\"50 ms\"");
    KindReading reading;
    reading.target = "target " + settings.target;
    reading.wants_originals = wants_originals_;
    reading.settings = KindSettings::of(std::move(settings));
    return reading;
  }

 private:
  const std::string_view name_;
  const CommonSettings common_;
  const bool wants_originals_;
  const std::vector<std::string> secret_fields_;
};

class FakeKinds final : public DestinationKinds {
 public:
  const SettingsKind* settings_kind(std::string_view name) const override {
    return name == pipe_.name() ? &pipe_ : name == copy_.name() ? &copy_ : nullptr;
  }
  std::vector<std::string_view> names() const override { return {pipe_.name(), copy_.name()}; }

 private:
  const FakeKind pipe_{"pipe", {}, false};
  const FakeKind copy_{"copy", {false, false, false, false, false, false, "It copies."}, true};
};

}  // namespace

const DestinationKinds& fake_kinds() {
  static const FakeKinds kinds;
  return kinds;
}

}  // namespace sluice::catalog
