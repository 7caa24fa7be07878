use super::*;

const BEGINNINGS: [(PictureKind, &[u8]); 5] = [
    (PictureKind::Jpeg, b"\xff\xd8\xff\xe0\x00\x10JFIF"),
    (PictureKind::Png, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
    (PictureKind::Webp, b"RIFF\x24\x00\x00\x00WEBPVP8 "),
    (PictureKind::Gif, b"GIF89a\x01\x00\x01\x00"),
    (PictureKind::Gif, b"GIF87a\x01\x00\x01\x00"),
];

#[test]
fn bytes_are_of_the_format_they_begin_as_and_of_no_other() {
    for (real, bytes) in BEGINNINGS {
        for kind in PictureKind::ALL {
            assert_eq!(kind.begins(bytes), kind == real, "{real:?} as {kind:?}");
            assert!(!kind.begins(&bytes[..2]), "{kind:?} has begun with too little");
        }
    }
    let others: [&[u8]; 6] =
        [b"", b"<html><script>", b"<svg xmlns=", b"%PDF-1.7", b"RIFF\x24\x00\x00\x00WAVE", b" GIF89a"];
    for bytes in others {
        assert!(PictureKind::ALL.iter().all(|kind| !kind.begins(bytes)), "{bytes:?} is no picture");
    }
}

#[test]
fn a_content_type_names_one_format_or_none() {
    for kind in PictureKind::ALL {
        assert_eq!(PictureKind::of_content_type(kind.content_type()), Some(kind));
    }
    assert_eq!(PictureKind::of_content_type("IMAGE/PNG; name=a"), Some(PictureKind::Png));
    for other in ["", "image/svg+xml", "image/*", "text/html", "image/png, text/html", "png"] {
        assert_eq!(PictureKind::of_content_type(other), None, "{other}");
    }
}

#[test]
fn only_the_address_of_a_picture_names_one() {
    let picture = Picture {
        id: PictureId::generate(),
        kind: PictureKind::Png,
        bytes: 9,
        sha256: String::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(named_by(&picture.address()), Some(picture.id));
    for other in [
        "",
        "/api/v1/pictures/",
        "/api/v1/pictures/tkt_1",
        "/api/v1/pictures/pic_1/../../tickets",
        "/api/v1/pictures/pic_1?x",
        "https://shop.example/api/v1/pictures/pic_1",
        "//evil.example/api/v1/pictures/pic_1",
        "javascript:alert(1)",
    ] {
        assert_eq!(named_by(other), None, "{other}");
    }
}
