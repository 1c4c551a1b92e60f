// Whose payload it is: the environment that a request's SDK key, mobile key or client-side id names.
#pragma once

#include <cstdint>

#include "catalog/snapshot.h"
#include "intake/answers.h"
#include "intake/log_gate.h"
#include "intake/router.h"

namespace sluice::intake {

// Of one loop's thread.
class Authenticator {
 public:
  explicit Authenticator(std::int64_t log_interval_ms) : log_interval_ms_(log_interval_ms) {}
  // The same without a word: null when there is none.
  static const catalog::Environment* find(const catalog::CatalogSnapshot& catalog, const Route& route,
                                          const http::HttpRequest& request);
  // Never null. A key or id that no environment has is logged, now and then. `catalog` null: it is not loaded yet.
  tl::expected<const catalog::Environment*, Refused> authenticate(const catalog::CatalogSnapshot* catalog,
                                                                  const Route& route, const http::HttpRequest& request,
                                                                  std::int64_t now_us);

 private:
  tl::expected<const catalog::Environment*, Refused> by_key(const catalog::CatalogSnapshot& catalog, const Route& route,
                                                            const http::HttpRequest& request, std::int64_t now_us);
  const std::int64_t log_interval_ms_;
  LogGate unknown_;
};

}  // namespace sluice::intake
