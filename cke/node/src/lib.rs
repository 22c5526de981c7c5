//! Sees and changes nodes through their container engine.
