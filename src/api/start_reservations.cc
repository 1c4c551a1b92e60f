#include "api/start_reservations.h"

namespace sluice::api {

using nlohmann::json;

StartReservations::~StartReservations() {
  for (const ObjectId id : reserved_) exporter_.release_start(id);
}

RestResult<void> StartReservations::reserve(const json& fields, ObjectId id,
                                            const std::optional<catalog::Managed<catalog::Destination>>& known) {
  if (fields.value("on", json()) != true) {
    switched_off_.push_back(id);
    return {};
  }
  if (known && known->value.on) return {};
  if (fields.value("start", json("now")) != "now") return {};
  const json name = fields.value("name", json());
  const auto reserved = exporter_.reserve_start(
      id, name.is_string() ? name.get_ref<const std::string&>() : std::string(), known ? &known->value : nullptr);
  if (!reserved) return refuse(503, "unavailable", reserved.error().message + " Nothing was changed.");
  reserved_.push_back(id);
  return {};
}

void StartReservations::committed() {
  reserved_.clear();
  for (const ObjectId id : switched_off_) exporter_.switched_off(id);
  switched_off_.clear();
}

}  // namespace sluice::api
