// The places in the journal of the destinations that a change of the catalog switches on: each gets what is accepted
// from before the change on, though its pipeline starts a little later, or the process ends first. Every handler that
// writes destinations has one of these around its commit.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "api/rest_context.h"
#include "api/rest_routes.h"
#include "base/object_id.h"
#include "catalog/managed_catalog.h"

namespace sluice::api {

// One change; one thread. What is reserved is released with it, unless committed() was called.
class StartReservations {
 public:
  explicit StartReservations(const RestContext& context) : exporter_(context.exporter) {}
  StartReservations(const StartReservations&) = delete;
  StartReservations& operator=(const StartReservations&) = delete;
  ~StartReservations();

  // Before the commit: `fields` are to be those of the destination `id`, `known` is what it was. Durable when it
  // returns; an error (503): the disk refused it, and the change must not be made.
  RestResult<void> reserve(const nlohmann::json& fields, ObjectId id,
                           const std::optional<catalog::Managed<catalog::Destination>>& known);
  void committed();

 private:
  exporting::Exporter& exporter_;
  std::vector<ObjectId> reserved_, switched_off_;
};

}  // namespace sluice::api
