#include "apps/report/color.h"

#include <array>
#include <cstdio>

namespace ito::report {
namespace {

struct MethodStyle {
  std::string_view name;
  Color color;
  Marker marker;
  Stroke stroke = Stroke::solid;
};

// Paul Tol's "muted" scheme, but for sand and cyan, and three of his other schemes.
constexpr Color kTolOlive{0x99, 0x99, 0x33}, kTolForest{0x11, 0x77, 0x33},
    kTolIndigo{0x33, 0x22, 0x88}, kTolRose{0xCC, 0x66, 0x77}, kTolTeal{0x44, 0xAA, 0x99},
    kTolWine{0x88, 0x22, 0x55}, kTolPurple{0xAA, 0x44, 0x99}, kTolBrown{0x66, 0x11, 0x00},
    kTolSteel{0x66, 0x99, 0xCC}, kTolPeach{0xEE, 0x88, 0x66};

constexpr std::array kMethods{
    MethodStyle{"exact", kInk, Marker::none},
    MethodStyle{"relu", okabe_ito::kVermillion, Marker::circle},
    MethodStyle{"tanh", okabe_ito::kOrange, Marker::square},
    MethodStyle{"mixture-relu", okabe_ito::kPurple, Marker::triangle},
    MethodStyle{"mixture-tanh", okabe_ito::kSkyBlue, Marker::diamond},
    MethodStyle{"phase-tanh", okabe_ito::kGreen, Marker::triangle_down},
    MethodStyle{"phase-tanh-1", kTolOlive, Marker::triangle_down},
    MethodStyle{"phase-tanh-0.2", kTolForest, Marker::triangle_down},
    MethodStyle{"corrected", okabe_ito::kBlue, Marker::pentagon},
    MethodStyle{"refined", kTolIndigo, Marker::circle},
    MethodStyle{"refined-plain-input", kTolRose, Marker::square},
    MethodStyle{"refined-constant-rate", kTolTeal, Marker::triangle},
    MethodStyle{"refined-uniform-angle", kTolWine, Marker::diamond},
    MethodStyle{"refined-path-angle", kTolSteel, Marker::triangle_down},
    MethodStyle{"refined-plain-loss", kTolPurple, Marker::pentagon},
    MethodStyle{"refined-independent", kTolBrown, Marker::square, Stroke::dashed},
    MethodStyle{"refined-averaged", kTolPeach, Marker::triangle, Stroke::dashed},
    MethodStyle{"refined-60-percent", kTolOlive, Marker::diamond, Stroke::dashed},
    MethodStyle{"refined-euler", kTolForest, Marker::pentagon, Stroke::dashed},
    MethodStyle{"refined-uniform-grid", okabe_ito::kSkyBlue, Marker::circle, Stroke::dashed},
};

// Colours that none of the methods above has but the variants of `refined`.
constexpr std::array kOthers{kTolRose, kTolTeal, kTolWine, kTolPurple, kTolBrown, kTolSteel};
constexpr std::array kMarkers{Marker::circle,  Marker::square,        Marker::triangle,
                              Marker::diamond, Marker::triangle_down, Marker::pentagon};

const MethodStyle* find(std::string_view method) {
  for (const MethodStyle& style : kMethods)
    if (style.name == method) return &style;
  return nullptr;
}

// FNV-1a: unlike std::hash, the same on every platform and in every run.
std::size_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return static_cast<std::size_t>(hash >> 32);
}

}  // namespace

Color color_of(std::string_view method) {
  const MethodStyle* style = find(method);
  return style ? style->color : kOthers[stable_hash(method) % kOthers.size()];
}

Marker marker_of(std::string_view method) {
  const MethodStyle* style = find(method);
  return style ? style->marker : kMarkers[stable_hash(method) % kMarkers.size()];
}

Stroke stroke_of(std::string_view method) {
  const MethodStyle* style = find(method);
  return style ? style->stroke : Stroke::solid;
}

std::string hex(Color color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color.red, color.green, color.blue);
  return text;
}

}  // namespace ito::report
