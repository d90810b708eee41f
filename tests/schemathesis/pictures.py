"""A picture of four by three pixels in each type that an avatar may have."""

from base64 import b64decode

PICTURES = {
    "image/png": b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAGklEQVR4nGPUqDjBAANMDAwM1zssIBxGZBkAZNEEbBcCUooAAAAA"
        "SUVORK5CYII="
    ),
    "image/jpeg": b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71"
        "////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4"
        "+Pj4+Pj4+Pj/wAARCAADAAQDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
        "FAEBAAAAAAAAAAAAAAAAAAAABP/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AJAFDP/Z"
    ),
    "image/webp": b64decode(
        "UklGRjIAAABXRUJQVlA4ICYAAACQAQCdASoEAAMABUB8JbACdLoAA5gA/teV/FAKRwUnzfY9mOAAAA=="
    ),
}
