"""Retention (保存・消去): records are kept as long as they must be and no longer."""
