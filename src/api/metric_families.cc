#include "api/metric_families.h"

#include <prometheus/text_serializer.h>

#include <limits>

namespace sluice::api {

prometheus::ClientMetric& MetricFamilies::add(std::string_view name, std::string_view help, prometheus::MetricType type,
                                              const MetricLabels& labels) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    found = by_name_.emplace(std::string(name), families_.size()).first;
    prometheus::MetricFamily family;
    family.name = std::string(name);
    family.help = std::string(help);
    family.type = type;
    families_.push_back(std::move(family));
  }
  auto& metrics = families_[found->second].metric;
  prometheus::ClientMetric& metric = metrics.emplace_back();
  for (const auto& [label, value] : labels) metric.label.push_back({label, value});
  return metric;
}

void MetricFamilies::counter(std::string_view name, std::string_view help, double value, const MetricLabels& labels) {
  add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void MetricFamilies::gauge(std::string_view name, std::string_view help, double value, const MetricLabels& labels) {
  add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricFamilies::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                               std::span<const std::uint64_t> counts, double sum, const MetricLabels& labels) {
  auto& histogram = add(name, help, prometheus::MetricType::Histogram, labels).histogram;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    histogram.bucket.push_back({below, i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity()});
  }
  histogram.sample_count = below;
  histogram.sample_sum = sum;
}

std::string MetricFamilies::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace sluice::api
