"""The safetensors library, or what stands in for it on a machine that has only NumPy and PyTorch."""

try:
    from safetensors import SafetensorError, deserialize, safe_open
    from safetensors.numpy import save
except ImportError:
    from model.files.safetensors_fallback import SafetensorError, deserialize, safe_open, save  # type: ignore[assignment]

__all__ = ["SafetensorError", "deserialize", "safe_open", "save"]
