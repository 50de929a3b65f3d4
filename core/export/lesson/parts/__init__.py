"""The cells of the lesson, file by file; `core.export.lesson.cells` says how they are written and put together."""
