// Ref<T>: an intrusive, atomically counted pointer, and RefCounted, the base of what it points to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace ito {

// Base of counted objects. An object is born with a count of one, which make_ref adopts.
//
// Destruction: when the last Ref<T> goes, `T::destroy(const T*)` is called if T has (or inherits)
// such a static function, otherwise `delete`. Polymorphic classes need a virtual destructor or a
// `destroy`; the latter lets a graph node recycle itself without recursion.
class RefCounted {
 public:
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  // True if the calling thread holds the only reference; never true of an immortal object.
  bool unique() const noexcept { return count_.load(std::memory_order_acquire) == 1; }
  bool immortal() const noexcept {
    return (count_.load(std::memory_order_relaxed) & kImmortal) != 0;
  }

  // Makes a heap object live for ever, before it is shared.
  void make_immortal() noexcept { count_.store(kImmortal, std::memory_order_relaxed); }

  void retain() const noexcept {
    if (!immortal()) count_.fetch_add(1, std::memory_order_relaxed);
  }

  // Gives up one reference; true if it was the last one and the object must be destroyed.
  // There are no weak references, so a count of one cannot grow behind our back and the
  // read-modify-write is saved in the commonest case.
  [[nodiscard]] bool release() const noexcept {
    const std::uint32_t count = count_.load(std::memory_order_acquire);
    if (count == 1) return true;
    if (count & kImmortal) return false;
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 protected:
  // Marks objects of static duration: references to them are free and never destroy them. Their
  // count is only ever read, so threads that share one do not fight over its cache line.
  struct Immortal {};

  RefCounted() noexcept = default;
  explicit RefCounted(Immortal) noexcept : count_(kImmortal) {}
  ~RefCounted() = default;

 private:
  static constexpr std::uint32_t kImmortal = 1U << 31;
  mutable std::atomic<std::uint32_t> count_{1};
};

template <class T>
class Ref {
 public:
  using element_type = T;

  Ref() noexcept = default;
  Ref(std::nullptr_t) noexcept {}
  // Shares an object that is already owned, or immortal.
  explicit Ref(T* p) noexcept : p_(p) {
    if (p_) p_->retain();
  }
  // Takes over one reference without counting it.
  static Ref adopt(T* p) noexcept {
    Ref r;
    r.p_ = p;
    return r;
  }

  Ref(const Ref& other) noexcept : Ref(other.p_) {}
  Ref(Ref&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  template <class U>
  requires std::is_convertible_v<U*, T*> Ref(const Ref<U>& other)
  noexcept : Ref(static_cast<T*>(other.get())) {}
  template <class U>
  requires std::is_convertible_v<U*, T*> Ref(Ref<U>&& other)
  noexcept : p_(other.detach()) {}
  ~Ref() { drop(); }

  Ref& operator=(const Ref& other) noexcept {
    Ref(other).swap(*this);
    return *this;
  }
  Ref& operator=(Ref&& other) noexcept {
    Ref(std::move(other)).swap(*this);
    return *this;
  }

  void swap(Ref& other) noexcept { std::swap(p_, other.p_); }
  void reset() noexcept { Ref().swap(*this); }
  // Gives the reference to the caller, who must release it.
  [[nodiscard]] T* detach() noexcept { return std::exchange(p_, nullptr); }

  T* get() const noexcept { return p_; }
  T* operator->() const noexcept { return p_; }
  T& operator*() const noexcept { return *p_; }
  explicit operator bool() const noexcept { return p_ != nullptr; }

  friend bool operator==(const Ref& a, const Ref& b) noexcept { return a.p_ == b.p_; }
  friend bool operator==(const Ref& a, std::nullptr_t) noexcept { return a.p_ == nullptr; }
  friend void swap(Ref& a, Ref& b) noexcept { a.swap(b); }

 private:
  void drop() noexcept {
    if (!p_ || !p_->release()) return;
    if constexpr (requires(const T* p) { T::destroy(p); }) {
      T::destroy(p_);
    } else {
      delete p_;
    }
  }

  T* p_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>::adopt(new T(std::forward<Args>(args)...));
}

}  // namespace ito

template <class T>
struct std::hash<ito::Ref<T>> {
  std::size_t operator()(const ito::Ref<T>& r) const noexcept { return std::hash<T*>()(r.get()); }
};
